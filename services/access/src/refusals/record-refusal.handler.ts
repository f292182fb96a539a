import { Controller } from '@nestjs/common';
import { recordRefusal, type RequestOf } from '#libs/contracts';
import { Handles, type MessageContext } from '#libs/transport';
import { RefusalRecords } from './refusal-records';

@Controller()
export class RecordRefusalHandler {
  constructor(private readonly refusals: RefusalRecords) {}

  @Handles(recordRefusal)
  async handle(
    request: RequestOf<typeof recordRefusal>,
    { correlationId }: MessageContext,
  ): Promise<Record<string, never>> {
    this.refusals.note({ ...request, cause: 'forbidden', correlationId });
    return {};
  }
}
