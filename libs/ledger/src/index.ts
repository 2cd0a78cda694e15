export { DatabaseSource, type LogPart } from './database-source';
export { type LogVerdict, type Verdict } from './ledger.dto';
export { LedgerFault } from './ledger-fault.error';
export { LogFolder } from './log-folder';
export { LedgerHealth } from './ledger.health';
export { LedgerKey } from './ledger-key';
export { ledgerMetrics } from './ledger.metrics';
export { LedgerModule } from './ledger.module';
export { verifyInThreads } from './parallel-verification';
export { PublishedLog } from './published-log';
export { sealingLock } from './sealing';
export { SealerService } from './sealer.service';
export { VerificationService } from './verification.service';
export { VerificationTask } from './verification.task';
export { verifyLedger } from './verifier';
export { encodeVerifierKey, parseVerifierKey, signatureType, verifierKey, type VerifierKey } from './note';
export { checkpointsOf, parseCheckpoint } from './checkpoint';
export { provesConsistency } from './merkle';
export { checkProof } from './proof';
export { Witness } from './witness';
export {
  entryColumns,
  entryFields,
  entryLine,
  entrySettings,
  entryVersion,
  keyOf,
  lineOf,
  linesOf,
} from './canonical-entry';
export { CompactRange, hashAt, hashBytes, leafHash } from './merkle';
export { SealedWalk, type SealedPart } from './sealed-walk';
export { latestSeal, queryOn, type Query } from './seals';
