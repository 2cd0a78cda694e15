import { email, longText, text } from './fields';

const read = (schema: typeof email | ReturnType<typeof text>, given: string) => {
  const { success, data } = schema.safeParse(given);
  return success ? data : 'refused';
};

it.each([
  ['José', 'José'],
  ['  Rosa\u00a0', 'Rosa'],
  ['نیلوفر\u200cبانو', 'نیلوفر\u200cبانو'],
  ['𠮷野', '𠮷野'],
  ['\u202eRosa\u202c', 'Rosa'],
  ['Ro\u200bsa', 'Rosa'],
  ['\u2067Rosa\u2069', 'Rosa'],
  ['\ufeffRosa', 'Rosa'],
  ['Ro\u{e0041}sa', 'Rosa'],
  ['\u200b', 'refused'],
  ['\u200d', 'refused'],
  ['\u00ad', 'refused'],
  ['\u3164', 'refused'],
  ['\u115f\u1160', 'refused'],
  ['\u2800', 'refused'],
  ['\u034f', 'refused'],
  ['\u180e', 'refused'],
  ['\u2063', 'refused'],
  ['\u0301', 'refused'],
  ['Ro\u0085sa', 'refused'],
  ['Ro\u009fsa', 'refused'],
  ['Ro\u2028sa', 'refused'],
  ['Ro\u2029sa', 'refused'],
  ['Ro\nsa', 'refused'],
  ['Ro\ud800sa', 'refused'],
  ['', 'refused'],
])('the text %j is %j', (given, kept) => {
  expect(read(text(50), given)).toBe(kept);
});

it.each([
  ['one\ntwo\r\n\tthree', 'one\ntwo\r\n\tthree'],
  ['one\u2028two\u2029three\u0085four', 'one\ntwo\nthree\nfour'],
  ['\u202eone', 'one'],
  ['\n\u200b\n', 'refused'],
  ['one\u0000', 'refused'],
])('the long text %j is %j', (given, kept) => {
  expect(read(longText(50), given)).toBe(kept);
});

const long = 'a'.repeat(64);
it.each([
  [' Clerk@Local.Example ', 'clerk@local.example'],
  ['rosa.delgado+dues@local.example', 'rosa.delgado+dues@local.example'],
  ["o'brien&sons/office@local.example", "o'brien&sons/office@local.example"],
  ['a=b{c}|d~e^f`g*h!i#j$k%l?m_n-o@local.example', 'a=b{c}|d~e^f`g*h!i#j$k%l?m_n-o@local.example'],
  ['rosa@xn--bcher-kva.xn--p1ai', 'rosa@xn--bcher-kva.xn--p1ai'],
  ['rosa@Bücher.example', 'rosa@xn--bcher-kva.example'],
  ['rosa@пример.рф', 'rosa@xn--e1afmkfd.xn--p1ai'],
  [`${long}@local.example`, `${long}@local.example`],
  [`${long}a@local.example`, 'refused'],
  [`rosa@${long}.example`, 'refused'],
  ['rosa@local', 'refused'],
  ['rosa@127.0.0.1', 'refused'],
  ['rosa@-local.example', 'refused'],
  ['rosa@local-.example', 'refused'],
  ['rosa@local..example', 'refused'],
  ['.rosa@local.example', 'refused'],
  ['rosa.@local.example', 'refused'],
  ['ro..sa@local.example', 'refused'],
  ['ro sa@local.example', 'refused'],
  ['rosa@lo cal.example', 'refused'],
  ['rösa@local.example', 'refused'],
  ['"rosa"@local.example', 'refused'],
  ['rosa@x@local.example', 'refused'],
  ['rosa@local.example,tom@local.example', 'refused'],
  ['rosa@local.example\r\nBcc: tom@local.example', 'refused'],
  ['rosa@ex\u00adample.example\u0000', 'refused'],
  [`rosa@${`${'a'.repeat(60)}.`.repeat(4)}example`, 'refused'],
  ['@local.example', 'refused'],
  ['rosa', 'refused'],
])('the e-mail address %j is %j', (given, kept) => {
  expect(read(email, given)).toBe(kept);
});
