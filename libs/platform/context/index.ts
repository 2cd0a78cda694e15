export { reasonRequired, RequestContext, type Actor, type Disclosure, type PrimaryMoment } from './request-context';
