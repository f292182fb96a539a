import { Controller } from '@nestjs/common';
import { changeMe, getMe, type ReplyOf, type RequestOf } from '#libs/contracts';
import { Handles } from '#libs/transport';
import { MeViews } from './me-views';
import { Users } from './users';

@Controller()
export class MeHandler {
  constructor(
    private readonly users: Users,
    private readonly views: MeViews,
  ) {}

  @Handles(getMe)
  async get({ caller }: RequestOf<typeof getMe>): Promise<ReplyOf<typeof getMe>> {
    return { data: await this.views.of(await this.views.callerOf(caller)) };
  }

  @Handles(changeMe)
  async change({ caller, name }: RequestOf<typeof changeMe>): Promise<ReplyOf<typeof changeMe>> {
    const user = await this.views.callerOf(caller);
    return { data: await this.views.of(await this.users.rename(user, name)) };
  }
}
