import type { LoadState } from '#stress';

/** Lines are this many seconds apart where there is no terminal to draw on. */
const everySeconds = 10;

/** How a load stands: one line that changes on a terminal, now and then a line elsewhere. */
export function liveOn(stream: NodeJS.WriteStream) {
  let isDrawn = false;
  const end = () => {
    if (isDrawn) stream.write('\n');
    isDrawn = false;
  };
  const update = (text: string) => {
    if (!stream.isTTY) return;
    stream.write(`\r\u001b[2K${text}`);
    isDrawn = true;
  };
  const say = (text: string) => {
    end();
    stream.write(`${text}\n`);
  };
  const state = (now: LoadState) => {
    const { seconds, of, due, answered, open, failed, limited, p95 } = now;
    const text = `${seconds} of ${of} s: ${due} due, ${answered} answered, ${open} open, ${limited} limited, ${failed} failed; p95 ${p95.toFixed(0)} ms`;
    if (stream.isTTY) update(text);
    else if (seconds % everySeconds === 0) say(text);
  };
  return { update, say, state, end };
}
