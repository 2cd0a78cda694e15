/** A place in PostgreSQL's log, which its text such as `16/B374D848` can not be compared as. */
export function lsnOf(text: string): bigint {
  const [high = '', low = ''] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

/** Its sixteen digits, whose order as text is the order of places; Redis compares texts. */
export function digitsOf(lsn: bigint): string {
  return lsn.toString(16).padStart(16, '0');
}

export function lsnOfDigits(digits: string): bigint {
  return BigInt(`0x${digits}`);
}
