export { reasonRequired, RequestContext, type Actor, type AskingAccount, type Disclosure } from './request-context';
