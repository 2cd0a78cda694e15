/** The log is not what was signed: taken back, rewritten, or told in two ways. Nothing is sealed until that is put right. */
export class LedgerFault extends Error {}
