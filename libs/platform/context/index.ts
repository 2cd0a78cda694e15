export { reasonRequired, RequestContext, type Actor, type Disclosure, type Source } from './request-context';
