// Each script that a user starts imports this first. It uses only old syntax, so that an old Node can still run it.
var version = process.versions.node.split('.').map(Number);

if (version[0] < 20 || (version[0] === 20 && version[1] < 19)) {
  console.error(
    'Node 20.19 or newer is needed and this is ' + process.versions.node + '; install it and try again.',
  );
  process.exit(1);
}
