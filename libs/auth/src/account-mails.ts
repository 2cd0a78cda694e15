import type { Mail } from '#platform/mail';

/** Lines have at most 76 characters, so that a mail reads as it is, without an encoding. */
type Text = Omit<Mail, 'to'>;

/** Tokens stand behind the `#` of a link, where no server's log and no Referer header meets them. */
function link(portalUrl: string, page: string, token: string): string {
  return `${portalUrl.replace(/\/$/, '')}/${page}#token=${token}`;
}

export function verificationMail(portalUrl: string, token: string): Text {
  return {
    subject: 'Confirm your e-mail address',
    text: `Somebody, probably you, wants an account with your union local and gave this
address for it.

Choose your password within 24 hours; that also confirms the address:

${link(portalUrl, 'verify-email', token)}

If it was not you, do nothing: without this step nobody can log in.
`,
  };
}

export function existingAccountMail(portalUrl: string): Text {
  return {
    subject: 'You have an account already',
    text: `Somebody, probably you, wanted to open an account with your union local, but
there is one already.

If you have forgotten the password, ask for a new one where you log in:

${portalUrl}

If it was not you, tell the office.
`,
  };
}

export function accountElsewhereMail(portalUrl: string): Text {
  return {
    subject: 'You have an account already',
    text: `Somebody, probably you, wanted to open an account with your union local, but
you have one already. It has another e-mail address than this one.

Log in with that address:

${portalUrl}

If you do not know it any more, or if it was not you, call the office.
`,
  };
}

export function closedAccountMail(): Text {
  return {
    subject: 'Your account does not work',
    text: `Somebody, probably you, asked your union local for an account, a password
or a link. You have an account, but it does not work now: it is closed or
locked, or its e-mail address was never confirmed.

Call the office, which can open it again. If it was not you, do nothing.
`,
  };
}

export function otherAddressMail(portalUrl: string): Text {
  return {
    subject: 'Use this address to open your account',
    text: `Somebody, probably you, wanted to open an account with your union local for
another e-mail address than this one, which is the one we have on file.

Begin again with this address:

${portalUrl}

If you want the other address, ask the office to put it on your record
first. If it was not you, call the office: somebody knows your member number
and your date of birth.
`,
  };
}

export function takenAddressMail(): Text {
  return {
    subject: 'This address has an account already',
    text: `Somebody, probably you or somebody who shares this address with you, wanted
to open an account with your union local. This address has one already, and
each account needs an address of its own.

Ask the office to put another address on the record of the member who has no
account yet. Then begin again with that address.

If nobody of you did it, do nothing.
`,
  };
}

export function wrongBirthDateMail(): Text {
  return {
    subject: 'No account was opened',
    text: `Somebody, probably you, wanted to open an account with your union local. The
date of birth is not the one that we have on file for this member number.

Try again with the right one, or call the office if you do not know what is
wrong. If it was not you, do nothing.
`,
  };
}

export function waitingMail(): Text {
  return {
    subject: 'Your registration waits for the office',
    text: `Somebody, probably you, wants an account with your union local. Wrong dates
of birth were sent for you before, so the office has to ask you first.

Call the office. When it has confirmed that it is you, we mail you a link.
`,
  };
}

export function verifiedMail(portalUrl: string): Text {
  return {
    subject: 'Your address is confirmed already',
    text: `Somebody, probably you, asked for a link that confirms this e-mail address
for your account with your union local. It is confirmed already.

Log in, or ask for a new password where you log in:

${portalUrl}
`,
  };
}

export function guessedMail(): Text {
  return {
    subject: 'Somebody tried to open an account in your name',
    text: `Somebody has sent your member number to your union local several times, each
time with a wrong date of birth, to open an account in your name.

No account was opened. From now on the office confirms each registration for
you. Whether or not it was you, call the office if you want an account.
`,
  };
}

export function resetMail(portalUrl: string, token: string): Text {
  return {
    subject: 'Choose a new password',
    text: `Somebody, probably you, asked for a new password for your account with your
union local.

Choose it within one hour:

${link(portalUrl, 'reset-password', token)}

If it was not you, do nothing: your password stays as it is.
`,
  };
}

export function passwordChangedMail(): Text {
  return {
    subject: 'Your password was changed',
    text: `The password of your account with your union local was changed, and all its
sessions were ended.

If it was not you, tell the office at once.
`,
  };
}
