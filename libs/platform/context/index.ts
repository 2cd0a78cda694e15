export {
  reasonRequired,
  RequestContext,
  type Actor,
  type Disclosure,
  type PrimaryMoment,
  type Source,
} from './request-context';
