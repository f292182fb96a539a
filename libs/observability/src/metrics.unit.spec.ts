import { createMetrics } from './metrics';

describe('createMetrics', () => {
  it('counts requests by method, route and status', async () => {
    const metrics = createMetrics();
    metrics.observe({ method: 'GET', route: '/secrets/:id', status: 200, durationMs: 2 });
    metrics.observe({ method: 'GET', route: '/secrets/:id', status: 200, durationMs: 2 });
    metrics.observe({ method: 'GET', route: '/secrets/:id', status: 404, durationMs: 2 });
    const text = await metrics.text();
    expect(text).toContain('http_requests_total{method="GET",route="/secrets/:id",status="200"} 2');
    expect(text).toContain('http_requests_total{method="GET",route="/secrets/:id",status="404"} 1');
  });

  it('measures durations in seconds by status class', async () => {
    const metrics = createMetrics();
    metrics.observe({ method: 'PUT', route: '/x', status: 200, durationMs: 20 });
    metrics.observe({ method: 'PUT', route: '/x', status: 204, durationMs: 30 });
    const text = await metrics.text();
    const labels = 'method="PUT",route="/x",status_class="2xx"';
    expect(text).toContain(`http_request_duration_seconds_bucket{le="0.01",${labels}} 0`);
    expect(text).toContain(`http_request_duration_seconds_bucket{le="0.025",${labels}} 1`);
    expect(text).toContain(`http_request_duration_seconds_bucket{le="0.05",${labels}} 2`);
    expect(text).toContain(`http_request_duration_seconds_sum{${labels}} 0.05`);
  });

  it('keeps its registry to itself', async () => {
    const other = createMetrics();
    createMetrics().observe({ method: 'GET', route: '/only-there', status: 200, durationMs: 1 });
    expect(await other.text()).not.toContain('/only-there');
  });

  it('bounds the series that clients can cause', async () => {
    const metrics = createMetrics();
    for (let i = 0; i < 2_000; i++)
      metrics.observe({ method: `M${i}`, route: `/r${i}`, status: 200, durationMs: 1 });
    const series = (await metrics.text()).match(/^http_requests_total\{/gm) ?? [];
    expect(series).toHaveLength(501);
  });

  it('reads registered gauges at each scrape', async () => {
    const metrics = createMetrics();
    let lag = 3;
    metrics.registerGauge({
      name: 'projection_lag_events',
      help: 'Events not yet applied',
      labels: ['projection'],
      read: () => [{ labels: { projection: 'secret-list' }, value: lag }],
    });
    expect(await metrics.text()).toContain('projection_lag_events{projection="secret-list"} 3');
    lag = 0;
    expect(await metrics.text()).toContain('projection_lag_events{projection="secret-list"} 0');
  });

  it('waits for a gauge that has to ask', async () => {
    const metrics = createMetrics();
    const told = new Promise<number>((resolve) => setImmediate(resolve, 4));
    metrics.registerGauge({ name: 'asked', help: 'Asked', read: async () => [{ value: await told }] });
    expect(await metrics.text()).toMatch(/^asked 4$/m);
  });

  it('still answers when gauges cannot be read, and leaves out what they said before', async () => {
    const metrics = createMetrics();
    let isThere = true;
    const read = () => {
      if (!isThere) throw new Error('closed');
      return [{ value: 1 }];
    };
    metrics.registerGauge({ name: 'broken', help: 'Cannot be read', read });
    metrics.registerGauge({ name: 'broken_later', help: 'Cannot be read', read: async () => read() });
    expect(await metrics.text()).toMatch(/^broken 1$/m);
    isThere = false;
    const text = await metrics.text();
    expect(text).toContain('process_cpu_seconds_total');
    expect(text).not.toMatch(/^broken(_later)? \d/m);
  });
});
