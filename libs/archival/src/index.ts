export { Engine } from './engine';
