import { Module, type DynamicModule } from '@nestjs/common';
import { AuditRelay, type AuditRelayParts } from './audit/audit-relay';

/** Reads the log from its own checkpoint and publishes it as audit messages. Ask `AuditRelay` for its status. */
@Module({})
export class AuditRelayModule {
  /** The parts are what the composition root opens for this service, and closes after it. */
  static register(parts: AuditRelayParts): DynamicModule {
    return {
      module: AuditRelayModule,
      providers: [{ provide: AuditRelay, useFactory: () => new AuditRelay(parts) }],
      exports: [AuditRelay],
    };
  }
}
