import { Controller, Inject } from '@nestjs/common';
import {
  listSecrets,
  presentSecret,
  type ReplyOf,
  type RequestOf,
  type SecretMetadata,
} from '#libs/contracts';
import type { RunningProjection } from '#libs/projection';
import type { Query, ReadStore } from '#libs/read-store';
import { Handles } from '#libs/transport';
import { LRUCache } from 'lru-cache';
import type { SecretsQueryConfig } from '../config';
import { CONFIG, READ_STORE, SECRET_LIST } from '../tokens';
import { SECRETS, type SecretRow } from './secret-list.projection';

type Request = RequestOf<typeof listSecrets>;
type Reply = ReplyOf<typeof listSecrets>;

const columnOf = {
  name: 'name',
  inserted_at: 'insertedAt',
  updated_at: 'updatedAt',
  expires_at: 'expiresAt',
} as const;

/** The largest quota that an operator can set, so that an unpaged list is complete. */
const UNPAGED_MAX = 1_000_000;
/** Rows in all remembered answers, some 400 bytes each. */
const REMEMBERED_ROWS_MAX = 50_000;

@Controller()
export class ListSecretsHandler {
  /** Answers by question, each with the state of the organization's rows from which it was read. */
  readonly #remembered = new LRUCache<string, { readonly state: string; readonly reply: Reply }>({
    max: 5_000,
    maxSize: REMEMBERED_ROWS_MAX,
    sizeCalculation: ({ reply }) => reply.data.length + 1,
  });

  constructor(
    @Inject(CONFIG) private readonly config: SecretsQueryConfig,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    @Inject(SECRET_LIST) private readonly list: RunningProjection,
  ) {}

  @Handles(listSecrets)
  async handle(request: Request): Promise<Reply> {
    const { caller, atLeast, ...question } = request;
    if (atLeast !== null) await this.list.waitFor(atLeast, this.config.listWaitMsMax);
    const state = this.list.stateOf(caller.orgId);
    if (state === null) return this.#read(request);
    // The store walks through a long list to reach a deep page, and most clients ask for a page again.
    const key = JSON.stringify([caller.orgId, question]);
    const remembered = this.#remembered.get(key);
    if (remembered?.state === state) return remembered.reply;
    const reply = await this.#read(request);
    this.#remembered.set(key, { state, reply });
    return reply;
  }

  async #read(request: Request): Promise<Reply> {
    const query = toQuery(request);
    const rows = (await this.reads.find(SECRETS, query)) as unknown as SecretRow[];
    const total = request.page === null ? null : await this.reads.count(SECRETS, query);
    return { data: rows.map(present), total };
  }
}

function toQuery({ caller, page, q, name, tag, sort }: Request): Query {
  const where: Record<string, string | number> = { orgId: caller.orgId, deleted: 0 };
  if (name !== null) where['name'] = name;
  if (tag !== null) where['tags'] = tag;
  return {
    where,
    ...(q !== null && { contains: { fields: ['name', 'description'], text: q } }),
    sort: { field: columnOf[sort.field], direction: sort.direction },
    skip: page === null ? 0 : (page.number - 1) * page.size,
    limit: page?.size ?? UNPAGED_MAX,
  };
}

function present(row: SecretRow): SecretMetadata {
  return presentSecret(row, row.lastReadAt ?? null);
}
