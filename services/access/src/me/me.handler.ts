import { Controller } from '@nestjs/common';
import { changeMe, getMe, type ReplyOf, type RequestOf } from '#libs/contracts';
import { AppError } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { Users } from '../users/users';
import { Erasures } from './erasures';
import { MeViews } from './me-views';

@Controller()
export class MeHandler {
  constructor(
    private readonly erasures: Erasures,
    private readonly users: Users,
    private readonly views: MeViews,
  ) {}

  @Handles(getMe)
  async get({ caller }: RequestOf<typeof getMe>): Promise<ReplyOf<typeof getMe>> {
    return { data: await this.views.of(await this.users.callerOf(caller)) };
  }

  @Handles(changeMe)
  async change(
    { caller, name }: RequestOf<typeof changeMe>,
    context: MessageContext,
  ): Promise<ReplyOf<typeof changeMe>> {
    const user = await this.users.callerOf(caller);
    const renamed = await this.users.rename(user, name);
    if (!renamed) {
      await this.erasures.erase(user.id, context);
      throw new AppError('NOT_FOUND');
    }
    return { data: await this.views.of(renamed) };
  }
}
