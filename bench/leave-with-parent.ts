/**
 * Loaded into every process that the bench starts: it ends when the channel to the bench closes, which the kernel sees to
 * even where the bench was killed.
 */
process.on('disconnect', () => process.exit(1));
