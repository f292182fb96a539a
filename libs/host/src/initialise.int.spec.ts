import { Module, type OnApplicationBootstrap, type OnModuleInit } from '@nestjs/common';
import { AppError } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { createTcpServer } from '#libs/transport';
import { initialise } from './initialise';

class Begun implements OnModuleInit, OnApplicationBootstrap {
  readonly calls: string[] = [];
  fault: AppError | undefined;

  onModuleInit(): void {
    this.calls.push('onModuleInit');
  }

  onApplicationBootstrap(): void {
    this.calls.push('onApplicationBootstrap');
    if (this.fault) throw this.fault;
  }

  onApplicationShutdown(): void {
    this.calls.push('onApplicationShutdown');
  }
}

@Module({})
class ServiceModule {}

describe('a service', () => {
  const logger = createLogger({ level: 'error', service: 'test' });
  const initialised = (begun: Begun) => {
    const strategy = createTcpServer({ host: '127.0.0.1', port: 0, logger });
    const providers = [{ provide: Begun, useValue: begun }];
    return initialise({ module: ServiceModule, providers }, { strategy, logger });
  };

  // Twice, and each projection runs twice under one lease: a list passes for newer than it is.
  it('begins each of its modules once, and ends it once', async () => {
    const begun = new Begun();
    const app = await initialised(begun);
    await app.listen();
    expect(begun.calls).toEqual(['onModuleInit', 'onApplicationBootstrap']);
    await app.close();
    expect(begun.calls).toEqual(['onModuleInit', 'onApplicationBootstrap', 'onApplicationShutdown']);
  });

  it('ends what has begun when a module cannot', async () => {
    const begun = new Begun();
    begun.fault = new AppError('STORE_UNAVAILABLE');
    await expect(initialised(begun)).rejects.toBe(begun.fault);
    expect(begun.calls).toEqual(['onModuleInit', 'onApplicationBootstrap', 'onApplicationShutdown']);
  });
});
