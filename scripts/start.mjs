// `npm start`: installs and builds what is missing, then becomes the server. Nothing modern before the check.
import './check-node.mjs';

import('./serve.mjs');
