import { Body, Controller, Get, Header, HttpCode, HttpStatus, Param, Post, Query } from '@nestjs/common';
import { ApiProduces, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Allow } from '#access';
import type { RequestContext } from '#platform/context';
import { Context, fields } from '#platform/http';
import { ConsistencyQuery, ConsistencyView, VerdictView, VerifyLedger } from './ledger.dto';
import { LedgerService } from './ledger.service';
import { VerificationService } from './verification.service';

const entryId = z.strictObject({ id: fields.digits(1, Number.MAX_SAFE_INTEGER).describe('The number of the entry.') });
const plainText = 'text/plain; charset=utf-8';

@ApiTags('audit')
@Controller('audit')
export class LedgerController {
  constructor(
    private readonly ledger: LedgerService,
    private readonly verification: VerificationService,
  ) {}

  @Get('checkpoint')
  @ApiProduces('text/plain')
  @Header('Content-Type', plainText)
  @Allow('audit:checkpoint', {
    summary: 'The latest signed checkpoint of the ledger',
    reply: z.string(),
    description:
      'A C2SP tlog-checkpoint: origin, size and root of the tree, signed by the log and by its witness, if it has one.',
  })
  checkpoint(@Context() context: RequestContext) {
    return this.ledger.checkpoint(context);
  }

  @Get('consistency')
  @Allow('audit:consistency', {
    summary: 'Prove that one checkpoint continues another',
    reply: ConsistencyView,
  })
  consistency(@Context() context: RequestContext, @Query({ schema: ConsistencyQuery }) query: ConsistencyQuery) {
    return this.ledger.consistency(context, query);
  }

  @Get('logs/:id/proof')
  @ApiProduces('text/plain')
  @Header('Content-Type', plainText)
  @Allow('audit:proof', {
    summary: 'Prove that an entry is in the ledger',
    reply: z.string(),
    description:
      'A C2SP tlog-proof. For those who may export the ledger its extra data are the bytes that are hashed, so that it can be checked by itself.',
    errors: ['record.not-found', 'ledger.not-sealed'],
  })
  proof(@Context() context: RequestContext, @Param({ schema: entryId }) { id }: z.infer<typeof entryId>) {
    return this.ledger.proof(context, id);
  }

  @Post('verify')
  @HttpCode(HttpStatus.OK)
  @Allow('audit:verify', {
    summary: 'Verify the ledger',
    reply: VerdictView,
    description:
      'Hashes the entries again and compares them with what was sealed and signed; names the first that differs.',
    errors: ['ledger.busy'],
  })
  verify(@Context() context: RequestContext, @Body({ schema: VerifyLedger }) range: VerifyLedger) {
    return this.verification.verify(context, range);
  }
}
