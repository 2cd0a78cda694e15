import { fitText } from './fit-text';

it.each([
  ['as it is', 'Muñoz 🦜', 20, 'Muñoz 🦜'],
  ['cut', 'abcdef', 3, 'abc'],
  ['without half of a pair at its end', 'ab🦜', 3, 'ab'],
  ['without NUL', 'a\0b\0', 20, 'ab'],
  ['with a replacement for half of a pair', 'a\ud800b\udc00', 20, 'a\ufffdb\ufffd'],
  ['empty', '', 20, ''],
])('a text is %s', (_how, text, max, fitted) => {
  expect(fitText(text, max)).toBe(fitted);
});
