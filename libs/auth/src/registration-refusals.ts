import type { Mail } from '#platform/mail';
import {
  accountElsewhereMail,
  closedAccountMail,
  existingAccountMail,
  guessedMail,
  otherAddressMail,
  takenAddressMail,
  wrongBirthDateMail,
} from './account-mails';

/** Wrong dates of birth for one member, after which number and date of birth prove nothing. */
export const maxGuesses = 5;

/** A member with the number that was sent. */
export interface NamedMember {
  id: number;
  /** Whether the date of birth is the member's, too. */
  isProved: boolean;
  /** The address the local has on file. */
  email: string | null;
  hasAccount: boolean;
  /** The address of that account, and whether it works. */
  accountEmail: string | null;
  accountWorks: boolean;
  /** Whether the address that was given belongs to an account, whosever. */
  addressIsTaken: boolean;
}

interface Refusal {
  notes: string;
  mail?: Mail;
}

/**
 * Why a registration leads nowhere, and the mail that tells what to do instead; undefined where it may lead to an account. The
 * mail goes to an address that the local or the account has. A stranger's own address gets none that tells of the member.
 */
export function refusalOf(
  member: NamedMember | undefined,
  given: string,
  guesses: number,
  portalUrl: string,
): Refusal | undefined {
  if (!member) return { notes: 'no such member' };
  const { email: onFile, accountEmail } = member;
  if (!member.isProved) return { notes: 'wrong date of birth', mail: mailOfGuess(member, given, guesses) };
  if (member.hasAccount) {
    const to = onFile ?? accountEmail ?? '';
    const isElsewhere = to !== accountEmail;
    if (!member.accountWorks) return { notes: 'there is an account', mail: { to, ...closedAccountMail() } };
    const text = isElsewhere ? accountElsewhereMail(portalUrl) : existingAccountMail(portalUrl);
    return { notes: 'there is an account', mail: { to, ...text } };
  }
  if (onFile !== null && onFile !== given)
    return { notes: 'another address is on file', mail: { to: onFile, ...otherAddressMail(portalUrl) } };
  if (!member.addressIsTaken) return undefined;
  // After too many guesses a mail to an address that is not on file would tell that the date was right.
  const tells = onFile === given || guesses < maxGuesses;
  return { notes: 'the address has an account', mail: tells ? { to: given, ...takenAddressMail() } : undefined };
}

function mailOfGuess({ email: onFile }: NamedMember, given: string, guesses: number): Mail | undefined {
  if (onFile === null) return undefined;
  if (guesses === maxGuesses) return { to: onFile, ...guessedMail() };
  return onFile === given && guesses < maxGuesses ? { to: onFile, ...wrongBirthDateMail() } : undefined;
}
