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
