import { Column, Entity } from 'typeorm';
import { Audited, AuditedRow } from '#audit';

/**
 * Where failed log-ins are counted that no account counts, by a hash of the address: there is none, or it does not work anyway. The
 * same work, the same number of entries: the time of an answer tells nothing.
 */
@Entity('stand_in_accounts')
@Audited({ read: 'users:administer' })
export class StandInAccount extends AuditedRow {
  @Column({ type: 'smallint', default: 0 })
  failedLoginAttempts: number;
}
