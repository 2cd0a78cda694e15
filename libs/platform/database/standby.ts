/** What a server answers that may only read: the primary is elsewhere now, and another connection may find it. */
export function isOfStandby({ code, message }: { code?: string; message: string }): boolean {
  return code === '25006' || (code === '55000' && message.startsWith('recovery is in progress'));
}
