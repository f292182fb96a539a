const CONCURRENCY = 64;

/** Creates secrets through the API, `count` of them, and gives their ids. */
export async function seed(server, { key, count, prefix }) {
  const ids = new Array(count);
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const index = next++;
      const secret = {
        name: `${prefix}_${index}`,
        value: `value-${index}-${'x'.repeat(40)}`,
        tags: ['bench'],
      };
      const response = await fetch(`${server.url}/api/v1/secrets`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ secret }),
      });
      if (response.status !== 201)
        throw new Error(`Seeding failed with ${response.status}: ${await response.text()}`);
      ids[index] = (await response.json()).data.id;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return ids;
}
