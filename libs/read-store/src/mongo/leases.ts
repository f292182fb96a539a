import type { Collection, MongoDatabase } from '#libs/mongo';
import { assertId } from '../collection-catalog';

/** Lease and checkpoint are one document, so that one write can check the fence and move the checkpoint. */
interface Lease {
  readonly _id: string;
  /** Empty when nobody holds the lease. */
  readonly holder: string;
  readonly fence: number;
  readonly ttlMs: number;
  /** Set by the server's clock, like `askedAt`, because the clocks of the processes may differ. */
  readonly renewedAt: Date;
  readonly askedAt?: Date;
  readonly position?: string;
}

/** No lease has this fence, because fences begin with 1. */
const NO_FENCE = -1;

/** Leases and checkpoints of projections. Errors of the driver are passed on to the caller. */
export class Leases {
  readonly #leases: Collection<Lease>;

  constructor(db: MongoDatabase) {
    // Collections of projections and records begin with a letter, so none has this name.
    this.#leases = db.collection<Lease>('_leases');
  }

  /** Gives the fence, or null while another holder's lease has not expired. */
  async acquire(name: string, holder: string, ttlMs: number): Promise<number | null> {
    for (const text of [name, holder]) assertId(text);
    const renewed = await this.#leases.findOneAndUpdate(
      { _id: name, holder },
      { $set: { ttlMs }, $currentDate: { renewedAt: true } },
    );
    if (renewed) return renewed.fence;
    const nobody = { holder: '', fence: 0, ttlMs: 0, renewedAt: new Date(0) };
    const seen = await this.#leases.findOneAndUpdate(
      { _id: name },
      { $currentDate: { askedAt: true }, $setOnInsert: nobody },
      { upsert: true, returnDocument: 'after' },
    );
    return seen && isFree(seen) ? this.#take(seen, holder, ttlMs) : null;
  }

  /** The lease gets a new fence when it is taken next, even by the same holder. */
  async release(name: string, holder: string): Promise<void> {
    for (const text of [name, holder]) assertId(text);
    await this.#leases.updateOne({ _id: name, holder }, { $set: { holder: '' } });
  }

  /** True when `fence` is the latest, so that nobody has taken the lease since. The lease may have expired. */
  async isHeld(name: string, fence: number): Promise<boolean> {
    return (await this.#leases.findOne(fenced(name, fence), { projection: { _id: 1 } })) !== null;
  }

  /** Gives false, and writes nothing, when the fence is not the latest. */
  async moveCheckpoint(name: string, fence: number, position: string): Promise<boolean> {
    assertId(position);
    const moved = await this.#leases.updateOne(fenced(name, fence), { $set: { position } });
    return moved.matchedCount === 1;
  }

  async checkpoint(name: string): Promise<string | null> {
    assertId(name);
    return (await this.#leases.findOne({ _id: name }))?.position ?? null;
  }

  async checkpoints(): Promise<string[]> {
    const reached = await this.#leases.find({ position: { $exists: true } }).toArray();
    return reached.flatMap(({ position = [] }) => position);
  }

  /** Gives null when the lease was renewed or taken since it was read. */
  async #take({ _id, fence, renewedAt }: Lease, holder: string, ttlMs: number): Promise<number | null> {
    const taken = await this.#leases.findOneAndUpdate(
      { _id, fence, renewedAt },
      { $set: { holder, ttlMs }, $inc: { fence: 1 }, $currentDate: { renewedAt: true } },
      { returnDocument: 'after' },
    );
    return taken?.fence ?? null;
  }
}

function isFree({ holder, ttlMs, renewedAt, askedAt }: Lease): boolean {
  return holder === '' || Number(askedAt) - renewedAt.getTime() >= ttlMs;
}

function fenced(name: string, fence: number): { _id: string; fence: number } {
  assertId(name);
  return { _id: name, fence: Number.isSafeInteger(fence) ? fence : NO_FENCE };
}
