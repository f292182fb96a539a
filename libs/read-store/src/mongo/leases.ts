import type { Collection, MongoDatabase } from '#libs/mongo';
import { assertId } from '../collection-catalog';

/** Lease and checkpoint of one projection are one document, so that one write can ask about both. */
interface Lease {
  readonly _id: string;
  /** Empty: nobody. */
  readonly holder: string;
  readonly fence: number;
  readonly ttlMs: number;
  /** By the server's clock, like `askedAt`: those of the processes may differ. */
  readonly renewedAt: Date;
  readonly askedAt?: Date;
  readonly position?: string;
}

/** Fences begin with 1. */
const NO_FENCE = -1;

/** Who may write for a projection, and up to where it has come. Every method is a call of the driver's. */
export class Leases {
  readonly #leases: Collection<Lease>;

  constructor(db: MongoDatabase) {
    // Collections of projections and records begin with a letter.
    this.#leases = db.collection<Lease>('_leases');
  }

  /** Gives the fence, or null when another holder's lease has not expired. */
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

  /** The next to take it gets a new fence, even if it is the same holder. */
  async release(name: string, holder: string): Promise<void> {
    for (const text of [name, holder]) assertId(text);
    await this.#leases.updateOne({ _id: name, holder }, { $set: { holder: '' } });
  }

  /** Whether `fence` is that of the last holder; to hold it still, nobody may have taken the lease since. */
  async isHeld(name: string, fence: number): Promise<boolean> {
    return (await this.#leases.findOne(fenced(name, fence), { projection: { _id: 1 } })) !== null;
  }

  /** False, and nothing written, when the fence is not that of the last holder. */
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

  /** Unless it was renewed or taken since we saw it. */
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
