// `npm run move -- --from STORES --to STORES`: copies an installation to other engines, or back.
import './check-node.mjs';
import { build } from './build.mjs';
import { install } from './install.mjs';

install();
await build();
await import('../dist/services/move/src/main.js');
