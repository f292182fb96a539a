import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { type ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb';
import type { Core } from './append';
import { endOf, type Log } from './log';
import type { StoredEvent } from './stored-event';
import { eventMessage, send, type ReadCall } from './read-messages';
import { streamName } from './stream-name';

interface Place {
  readonly commit: number;
  readonly prepare: number;
}

interface Subscription {
  readonly call: ReadCall;
  readonly matches: (event: StoredEvent) => boolean;
  /** The number of events that are filtered between two checkpoints; 0: no checkpoints. */
  readonly checkpointEvery: number;
  /** False while the subscribed stream does not exist: the server then never reports that it has caught up. */
  readonly canCatchUp: () => boolean;
  /** Index in the log of the next event to filter. */
  next: number;
  scanned: number;
  caughtUp: boolean;
  /** The position in the next checkpoint, until the subscription has caught up. */
  checkpoint: Place;
  /** True for good once the subscription is muted or its call has ended. */
  muted: boolean;
}

/** Catch-up subscriptions. One loop sends the history and then new events, as fast as the client reads them. */
export class Subscriptions {
  readonly #open = new Set<Subscription>();

  constructor(private readonly core: Core) {}

  async serve(call: ReadCall, options: ReadReq.Options): Promise<void> {
    const silence = this.core.faults.silenced();
    if (silence) await silence;
    const subscription = subscriptionFor(this.core.log, call, options);
    this.#open.add(subscription);
    call.once('cancelled', () => this.#open.delete(subscription));
    const confirmation = new ReadResp.SubscriptionConfirmation().setSubscriptionId(randomUUID());
    if (await send(call, new ReadResp().setConfirmation(confirmation))) await this.#feed(subscription);
  }

  /** Ends the calls without an error, like a server that shuts down gracefully. */
  end(): void {
    for (const { call } of this.#take()) call.end();
  }

  fail(): void {
    for (const { call } of this.#take())
      call.emit('error', { code: status.UNAVAILABLE, details: 'failed on purpose' });
  }

  /** Sends nothing more to the open subscriptions, but keeps their connections open, as if these were half-open. */
  mute(): void {
    this.#take();
  }

  #take(): Subscription[] {
    const taken = [...this.#open];
    this.#open.clear();
    for (const subscription of taken) subscription.muted = true;
    return taken;
  }

  async #feed(subscription: Subscription): Promise<void> {
    const { call, canCatchUp } = subscription;
    while (await this.#deliver(subscription)) {
      if (!subscription.caughtUp && canCatchUp()) {
        subscription.caughtUp = true;
        if (!(await send(call, new ReadResp().setCaughtUp(new ReadResp.CaughtUp())))) return;
      } else if (!(await moreToRead(this.core.log, subscription))) return;
    }
  }

  /** Sends all events up to the end of the log. Gives false if the subscription has ended. */
  async #deliver(subscription: Subscription): Promise<boolean> {
    const { log, faults } = this.core;
    for (let event = log.at(subscription.next); event; event = log.at(subscription.next)) {
      const silence = faults.silenced();
      if (silence) await silence;
      if (subscription.muted || !(await sendOne(subscription, event))) return false;
    }
    return !subscription.call.cancelled;
  }
}

async function sendOne(subscription: Subscription, event: StoredEvent): Promise<boolean> {
  const { call, matches, checkpointEvery, caughtUp } = subscription;
  subscription.next += 1;
  subscription.scanned += 1;
  const here = { commit: event.position, prepare: event.position };
  if (matches(event)) {
    subscription.checkpoint = here;
    if (!(await send(call, eventMessage(event)))) return false;
  }
  if (checkpointEvery === 0 || subscription.scanned % checkpointEvery !== 0) return true;
  const message = checkpointMessage(caughtUp ? here : subscription.checkpoint);
  // The server reads the history in pages. If no event of a page matches, its checkpoint is the position where the page
  // begins, between two events.
  subscription.checkpoint = { commit: endOf(event), prepare: 0 };
  return send(call, message);
}

function subscriptionFor(log: Log, call: ReadCall, options: ReadReq.Options): Subscription {
  const from = options.getStream();
  const stream = from && streamName(from);
  const after = from?.hasRevision() ? Number(from.getRevision()) : -1;
  const inStream = (event: StoredEvent) => event.stream === stream && event.revision > after;
  const next = firstIndex(log, options);
  return {
    call,
    matches: from ? inStream : filterOf(options),
    checkpointEvery: checkpointEvery(options),
    canCatchUp: () => stream === undefined || log.lastRevision(stream) >= 0,
    next,
    scanned: 0,
    caughtUp: false,
    checkpoint: { commit: log.at(next)?.position ?? 0, prepare: 0 },
    muted: false,
  };
}

/**
 * Gives the index behind the given position, whose event the client has handled. Like the real server, it skips the
 * first event at or after that position: another event, if a scavenge has removed the handled one.
 */
function firstIndex(log: Log, options: ReadReq.Options): number {
  const all = options.getAll();
  if ((all ?? options.getStream())?.hasEnd()) return log.length;
  const position = all?.getPosition();
  return position ? log.indexOf(Number(position.getCommitPosition())) + 1 : 0;
}

function filterOf(options: ReadReq.Options): (event: StoredEvent) => boolean {
  const filter = options.getFilter();
  const expression = filter?.getStreamIdentifier() ?? filter?.getEventType();
  if (!filter || !expression) return () => true;
  const subject = (event: StoredEvent) => (filter.hasStreamIdentifier() ? event.stream : event.type);
  const prefixes = expression.getPrefixList();
  if (prefixes.length > 0) return (event) => prefixes.some((prefix) => subject(event).startsWith(prefix));
  const pattern = new RegExp(expression.getRegex());
  return (event) => pattern.test(subject(event));
}

function checkpointEvery(options: ReadReq.Options): number {
  const filter = options.getFilter();
  return filter ? (filter.hasMax() ? filter.getMax() : 32) * filter.getCheckpointintervalmultiplier() : 0;
}

function checkpointMessage({ commit, prepare }: Place): ReadResp {
  const checkpoint = new ReadResp.Checkpoint();
  checkpoint.setCommitPosition(String(commit)).setPreparePosition(String(prepare));
  return new ReadResp().setCheckpoint(checkpoint);
}

/** Waits for the next event. Gives false if the client has gone. */
function moreToRead(log: Log, { call, next }: Subscription): Promise<boolean> {
  if (call.cancelled) return Promise.resolve(false);
  if (log.length > next) return Promise.resolve(true);
  return new Promise((resolve) => {
    const gone = () => {
      forget();
      resolve(false);
    };
    const forget = log.onceWritten(() => {
      call.removeListener('cancelled', gone);
      resolve(true);
    });
    call.once('cancelled', gone);
  });
}
