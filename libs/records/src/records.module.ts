import { Global, Module } from '@nestjs/common';
import { Idempotency } from './idempotency';
import { Records } from './records';

@Global()
@Module({ providers: [Records, Idempotency], exports: [Records] })
export class RecordsModule {}
