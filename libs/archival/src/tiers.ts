/** Classes from which an object must be asked for before it can be read. */
export const coldClasses: readonly string[] = ['GLACIER', 'DEEP_ARCHIVE'];
