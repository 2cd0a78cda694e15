/** Config is a plain value, so Nest needs a token to inject it: `@Inject(CONFIG) config: Config`. */
export const CONFIG = Symbol('CONFIG');
