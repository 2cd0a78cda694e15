export {
  reasonRequired,
  RequestContext,
  type Actor,
  type AskingAccount,
  type Considered,
  type Disclosure,
} from './request-context';
