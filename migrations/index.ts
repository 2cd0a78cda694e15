import { Ledger1795420800000 } from './1795420800000-ledger';
import { Members1795420801000 } from './1795420801000-members';
import { Accounts1795420802000 } from './1795420802000-accounts';
import { Requests1795420803000 } from './1795420803000-requests';
import { LedgerSearchPath1795420804000 } from './1795420804000-ledger-search-path';
import { Operations1795420805000 } from './1795420805000-operations';
import { FoldText1795420805500 } from './1795420805500-fold-text';
import { AccountRecovery1795420806000 } from './1795420806000-account-recovery';
import { Attachments1795420807000 } from './1795420807000-attachments';
import { Quarantine1795420808000 } from './1795420808000-quarantine';
import { LateChanges1795420809000 } from './1795420809000-late-changes';
import { Seals1795420810000 } from './1795420810000-seals';
import { Registrations1795420812000 } from './1795420812000-registrations';
import { ExpiryIndexes1795420813000 } from './1795420813000-expiry-indexes';
import { StandInAccounts1795420814000 } from './1795420814000-stand-in-accounts';
import { Employers1795420815000 } from './1795420815000-employers';
import { ReviewAmounts1795420816000 } from './1795420816000-review-amounts';
import { LedgerOfMembers1795420817000 } from './1795420817000-ledger-of-members';
import { BreakGlass1795420820000 } from './1795420820000-break-glass';
import { LegalHolds1795420830000 } from './1795420830000-legal-holds';
import { RetentionPolicies1795420831000 } from './1795420831000-retention-policies';
import { Archives1795420840000 } from './1795420840000-archives';
import { SharedGenerations1795420850000 } from './1795420850000-shared-generations';
import { RecordCache1795420852000 } from './1795420852000-record-cache';
import { NoJit1795420854000 } from './1795420854000-no-jit';
import { ShortPendingLists1795420856000 } from './1795420856000-short-pending-lists';
import { ListsThatShowed1795420858000 } from './1795420858000-lists-that-showed';
import { ShownVersions1795420860000 } from './1795420860000-shown-versions';
import { OneCommitDecides1795420862000 } from './1795420862000-one-commit-decides';
import { WholeReplies1795420864000 } from './1795420864000-whole-replies';
import { GrantsOnOurOwn1795420866000 } from './1795420866000-grants-on-our-own';
import { ReferencesInUse1795420868000 } from './1795420868000-references-in-use';
import { WritingByFunctions1795421100000 } from './1795421100000-writing-by-functions';
import { Disowning1795421101000 } from './1795421101000-disowning';
import { NamedDependents1795421200000 } from './1795421200000-named-dependents';
import { ExportsInParts1795421300000 } from './1795421300000-exports-in-parts';
import { ExportLeases1795421310000 } from './1795421310000-export-leases';
import { MemberLinks1795421400000 } from './1795421400000-member-links';
import { RegistrationGuesses1795421410000 } from './1795421410000-registration-guesses';
import { SecondFactorVersions1795421420000 } from './1795421420000-second-factor-versions';
import { ServingWithoutTheOwner1795421600000 } from './1795421600000-serving-without-the-owner';
import { PasswordProofs1795421700000 } from './1795421700000-password-proofs';
import { DigestsOfSecrets1795421710000 } from './1795421710000-digests-of-secrets';
import { FoldedLetters1795421720000 } from './1795421720000-folded-letters';
import { NumbersInAnyCase1795421721000 } from './1795421721000-numbers-in-any-case';
import { LoginGuesses1795421730000 } from './1795421730000-login-guesses';
import { BirthBeforeHiring1795421750000 } from './1795421750000-birth-before-hiring';
import { MergedMembers1795421751000 } from './1795421751000-merged-members';
import { StruckSteps1795421780000 } from './1795421780000-struck-steps';
import { ImportsThatUpdate1795421760000 } from './1795421760000-imports-that-update';

/** In the order they run; a spec compares this list with the files. */
export const migrations = [
  Ledger1795420800000,
  Members1795420801000,
  Accounts1795420802000,
  Requests1795420803000,
  LedgerSearchPath1795420804000,
  Operations1795420805000,
  FoldText1795420805500,
  AccountRecovery1795420806000,
  Attachments1795420807000,
  Quarantine1795420808000,
  LateChanges1795420809000,
  Seals1795420810000,
  Registrations1795420812000,
  ExpiryIndexes1795420813000,
  StandInAccounts1795420814000,
  Employers1795420815000,
  ReviewAmounts1795420816000,
  LedgerOfMembers1795420817000,
  BreakGlass1795420820000,
  LegalHolds1795420830000,
  RetentionPolicies1795420831000,
  Archives1795420840000,
  SharedGenerations1795420850000,
  RecordCache1795420852000,
  NoJit1795420854000,
  ShortPendingLists1795420856000,
  ListsThatShowed1795420858000,
  ShownVersions1795420860000,
  OneCommitDecides1795420862000,
  WholeReplies1795420864000,
  GrantsOnOurOwn1795420866000,
  ReferencesInUse1795420868000,
  WritingByFunctions1795421100000,
  Disowning1795421101000,
  NamedDependents1795421200000,
  ExportsInParts1795421300000,
  ExportLeases1795421310000,
  MemberLinks1795421400000,
  RegistrationGuesses1795421410000,
  SecondFactorVersions1795421420000,
  ServingWithoutTheOwner1795421600000,
  PasswordProofs1795421700000,
  DigestsOfSecrets1795421710000,
  FoldedLetters1795421720000,
  NumbersInAnyCase1795421721000,
  LoginGuesses1795421730000,
  BirthBeforeHiring1795421750000,
  MergedMembers1795421751000,
  ImportsThatUpdate1795421760000,
  StruckSteps1795421780000,
];
