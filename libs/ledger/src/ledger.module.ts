import { Global, Module } from '@nestjs/common';
import { CONFIG, type Config } from '#platform/config';
import { openObjectStore } from '#platform/object-store';
import { LedgerController } from './ledger.controller';
import { LedgerHealth } from './ledger.health';
import { LedgerKey } from './ledger-key';
import { LedgerService } from './ledger.service';
import { OwnSeals } from './own-seals';
import { PublishedLog } from './published-log';
import { SealerService } from './sealer.service';
import { VerificationService } from './verification.service';
import { VerificationTask } from './verification.task';

@Global()
@Module({
  controllers: [LedgerController],
  providers: [
    LedgerService,
    SealerService,
    LedgerHealth,
    OwnSeals,
    VerificationService,
    VerificationTask,
    { provide: LedgerKey, inject: [CONFIG], useFactory: (config: Config) => new LedgerKey(config) },
    {
      provide: PublishedLog,
      inject: [CONFIG],
      useFactory: async (config: Config) =>
        new PublishedLog(await openObjectStore('ARCHIVE_URL', config.ARCHIVE_URL, config)),
    },
  ],
  exports: [LedgerHealth, OwnSeals, SealerService, VerificationService, VerificationTask, LedgerKey, PublishedLog],
})
export class LedgerModule {}
