// Imported first by whatever a user starts. Plain old syntax, so that an old Node can still read the sentence.
var version = process.versions.node.split('.').map(Number);

if (version[0] < 20 || (version[0] === 20 && version[1] < 19)) {
  console.error(
    'Node 20.19 or newer is needed and this is ' + process.versions.node + '; install it and try again.',
  );
  process.exit(1);
}
