import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { build, isBuilt } from './build.mjs';
import { install, isInstalled } from './install.mjs';

const root = path.join(import.meta.dirname, '..');
const lock = path.join(root, '.cache', 'prepare.lock');
const waitMsMax = 10 * 60_000;

/** Installs and builds what is missing. If several processes start together, one does it and the others wait. */
export async function prepare() {
  if (isInstalled() && isBuilt()) return;
  await acquire();
  try {
    install();
    await build();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** Takes the lock: a file with the id of its process. A lock is free when that process has ended. */
async function acquire() {
  mkdirSync(path.dirname(lock), { recursive: true });
  const giveUpAt = Date.now() + waitMsMax;
  for (let isWaiting = false; !take(); isWaiting = true) {
    if (Date.now() > giveUpAt)
      throw new Error(
        `Another process has been installing or building here for ten minutes. If there is none, remove ${lock}.`,
      );
    if (!isWaiting) console.log('Another process installs or builds here; waiting for it.');
    await delay(200);
  }
}

function take() {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (!isHeld()) rmSync(lock, { force: true });
    return false;
  }
}

function isHeld() {
  try {
    process.kill(Number(readFileSync(lock, 'utf8') || process.pid), 0);
    return true;
  } catch (error) {
    // EPERM: the process runs under another user. ENOENT: the lock was released just now.
    return error.code === 'EPERM' || error.code === 'ENOENT';
  }
}
