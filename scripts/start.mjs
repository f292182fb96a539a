// `npm start`, `npm run start:access` and so on: installs and builds what is missing, then runs the server in this
// process. The import is dynamic, so that an old Node runs check-node.mjs before it parses newer syntax.
import './check-node.mjs';

import('./serve.mjs');
