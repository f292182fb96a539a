// `npm start`, `npm run start:access` and its kin: installs and builds what is missing, then becomes the process.
// Nothing modern before the check.
import './check-node.mjs';

import('./serve.mjs');
