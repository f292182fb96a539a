import { Controller } from '@nestjs/common';
import { eraseMe, type RequestOf } from '#libs/contracts';
import { Handles, type MessageContext } from '#libs/transport';
import { Users } from '../users/users';
import { Erasures } from './erasures';

@Controller()
export class EraseMeHandler {
  constructor(
    private readonly erasures: Erasures,
    private readonly users: Users,
  ) {}

  @Handles(eraseMe)
  async handle(
    { caller }: RequestOf<typeof eraseMe>,
    context: MessageContext,
  ): Promise<Record<string, never>> {
    const { id } = await this.users.callerOf(caller);
    await this.erasures.erase(id, context);
    return {};
  }
}
