import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';

/** What the raw server answered where the bars were set. */
const BARS_RAW_PER_SECOND = 86_000;
/** How much CPU time a request in a large store may cost, as a multiple of that in a small store. */
const SIZE_RATIO_MAX = 1.3;

/**
 * The measurements as one Markdown page; ratios are to the raw server's rate in the same minute. Each bar stands there
 * twice: as it was set, and as it reads on this machine (`barHere`).
 */
export function table({ rows, single, flush, idleMiB, secondStartMs, lastStartMs }) {
  const mean = (field) => rows.reduce((sum, row) => sum + row[field], 0) / rows.length;
  const lines = rows.map((row) => {
    const isMet = ({ share, p99Ms }) => (row.ofRaw * 100 >= share && row.p99Ms <= p99Ms ? 'yes' : 'no');
    const bar = { share: row.must, p99Ms: row.mustP99 };
    const here = barHere(row);
    const job = row.prototypeOfRaw;
    return [
      row.name,
      thousands(row.perSecond),
      percent(row.ofRaw),
      job ? percent(job) : '',
      job ? percent(row.ofRaw / job, 0) : '',
      row.p50Ms.toFixed(2),
      job ? `${row.p99Ms.toFixed(1)} (${row.prototypeP99Ms.toFixed(1)})` : row.p99Ms.toFixed(1),
      job ? `${row.cpuUs.toFixed(0)} (${row.prototypeCpuUs.toFixed(0)})` : row.cpuUs.toFixed(0),
      `${bar.share} %, p99 ≤ ${bar.p99Ms} ms`,
      isMet(bar),
      `${here.share.toFixed(1)} %, p99 ≤ ${here.p99Ms.toFixed(0)} ms`,
      isMet(here),
    ];
  });
  return [
    `Node ${process.version}, ${cpus().length} cores shared with wrk, 32 connections; raw node:http: ${thousands(mean('rawPerSecond'))} requests/s = 100 %, p99 ${mean('rawP99Ms').toFixed(2)} ms. *Prototype*: the job alone, without the product around it (bench/prototype-server.mjs), in the same rounds; its p99 and CPU in brackets. Where the bars were set prototypes of the two jobs reached 40 % (read) and 15 % (write) of raw; *must here* asks for as large a part of the prototype of this machine.`,
    '',
    markdown(
      [
        'path',
        'requests/s',
        'of raw',
        'prototype, of raw',
        'of prototype',
        'p50 ms',
        'p99 ms',
        'CPU µs/request',
        'must',
        'met',
        'must here',
        'met here',
      ],
      lines,
    ),
    '',
    ...single.map(({ name, p50Ms, p99Ms, must }) => {
      const bar = must ? ` (must ${must} ms)` : '';
      return `- ${name}: p50 ${p50Ms.toFixed(2)} ms${bar}, p99 ${p99Ms.toFixed(2)} ms`;
    }),
    `- a flush of this disk alone (fdatasync of 12 KiB): p50 ${flush.p50Ms.toFixed(2)} ms (0.14 ms where the bars were set), p99 ${flush.p99Ms.toFixed(2)} ms; a read waits for one, a creation for two`,
    `- idle memory half a minute after start with 10,000 secrets: ${idleMiB.toFixed(0)} MiB`,
    `- ready after ${secondStartMs.toFixed(0)} ms with 10,000 secrets, ${lastStartMs.toFixed(0)} ms with all that the runs above wrote`,
  ].join('\n');
}

/** Compares five processes with the bare client. Ratios are to its rate on the same server in the same run. */
export function splitTable(rows) {
  const lines = rows.map((row) => {
    const ratio = (row.perSecond / row.barePerSecond) * 100;
    return [
      row.name,
      thousands(row.perSecond),
      thousands(row.barePerSecond),
      `${ratio.toFixed(0)} %`,
      row.p50Ms.toFixed(2),
      row.p99Ms.toFixed(2),
      row.bareP50Ms.toFixed(2),
      row.cpuUs.toFixed(0),
      `${row.must} % (aim ${row.aim} %)`,
      ratio >= row.must ? 'yes' : 'no',
    ];
  });
  const head = ['path', 'requests/s', 'bare client/s', 'of bare', 'p50 ms', 'p99 ms', 'bare p50 ms'];
  return [
    `Node ${process.version}, ${cpus().length} cores shared by wrk, the gateway, access, secrets-command, secrets-query, audit-relay, MongoDB, Kafka and the double of EventStoreDB; 32 connections over HTTP, mutual TLS between the services. Bare: \`@eventstore/db-client\` alone on the same double, 32 calls in flight, before and after: an append of one event at an exact revision, a read of a stream of three events.`,
    '',
    markdown([...head, 'CPU µs/request, all services', 'must', 'met'], lines),
  ].join('\n');
}

/** Compares a large store with a small one. Ratios are of CPU time per request, which excludes the load generator. */
export function sizeTable({ rows, organizations, each, memoryMiB, readyMs }) {
  const lines = rows.map((row) => {
    const { small, large } = row;
    const ratio = large.cpuUs / small.cpuUs;
    return [
      row.name,
      thousands(row.active),
      small.cpuUs.toFixed(0),
      large.cpuUs.toFixed(0),
      small.p50Ms.toFixed(2),
      large.p50Ms.toFixed(2),
      ratio.toFixed(2),
      `${SIZE_RATIO_MAX}`,
      ratio <= SIZE_RATIO_MAX ? 'yes' : 'no',
    ];
  });
  const head = ['path', 'organizations active', 'CPU µs, small', 'CPU µs, large', 'p50 ms, small'];
  return [
    `Node ${process.version}, ${cpus().length} cores shared with wrk, 32 connections. Small: 1 organization with 100 secrets. Large: ${thousands(organizations)} organizations with ${thousands(organizations * each)} secrets, of which so many as stand there are used, one request each in turn. CPU µs per request, of all threads.`,
    '',
    markdown([...head, 'p50 ms, large', 'ratio', 'must', 'met'], lines),
    '',
    `- the large store is ready after ${thousands(readyMs)} ms, its files in the page cache`,
    `- memory after all runs: ${memoryMiB.small.toFixed(0)} MiB (small), ${memoryMiB.large.toFixed(0)} MiB (large)`,
  ].join('\n');
}

/** Prints a report and writes it to bench/results/NAME.md. */
export function publish(name, text) {
  console.log(`\n${text}`);
  const folder = path.join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${name}.md`);
  writeFileSync(file, `${text}\n`);
  console.log(`\nWritten to ${path.relative(process.cwd(), file)}`);
}

/**
 * A bar as it reads here. Its share of raw is as large a part of the prototype of the job as where it was set. Its
 * milliseconds go with the rate that is asked for: as many connections, each answered that much later (Little's law).
 */
function barHere({ must, mustP99, prototypeShare, prototypeOfRaw, rawPerSecond }) {
  const share = prototypeShare ? (must * prototypeOfRaw * 100) / prototypeShare : must;
  return { share, p99Ms: (mustP99 * must * BARS_RAW_PER_SECOND) / (share * rawPerSecond) };
}

function percent(ratio, digits = 1) {
  return `${(ratio * 100).toFixed(digits)} %`;
}

function thousands(number) {
  return Math.round(number).toLocaleString('en');
}

function markdown(head, rows) {
  const all = [head, head.map(() => '---'), ...rows];
  return all.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
