import type { Random } from '#kernel';

const firstNames = (
  'Adriana Alice Amir Anna Bao Beatriz Carlos Charles Daniel Darnell David Deborah Denise Elena Emily Fatima Frank ' +
  'George Grace Hannah Hector Ines Ivan James Jasmine Jean Joan John Jorge José Karen Keisha Kevin Laura Leon Linda Luis ' +
  'Malik Maria Mark Mary Mei Michael Nadia Nancy Noah Olga Omar Patricia Paul Peter Priya Rachel Ramon Robert Rosa Ruth ' +
  'Samuel Sandra Sarah Sofia Stephen Teresa Thomas Tyrone Victor Wei William Yusuf Zoë'
).split(' ');

const commonLastNames = (
  'Adams Alvarez Anderson Baker Brown Campbell Carter Castillo Chavez Clark Collins Cooper Cruz Davis Delgado Diaz ' +
  'Edwards Evans Flores Foster Garcia Gomez Gonzalez Green Gutierrez Hall Harris Hernandez Hill Howard Jackson Jiménez ' +
  'Johnson Jones Kelly Kim King Lee Lewis Lopez Martin Martinez Mendoza Miller Mitchell Moore Morales Morris Murphy ' +
  'Nelson Nguyen Ortiz Parker Patel Perez Phillips Ramirez Reyes Rivera Roberts Robinson Rodriguez Rogers Ruiz Sanchez ' +
  'Scott Smith Stewart Taylor Thomas Thompson Torres Turner Walker White Williams Wilson Wood Wright Young'
).split(' ');

const beginnings = (
  'Al Ander Ba Bel Bor Bran Ca Chan Cor Da Del Dor Ed El Fa Fer Fin Ga Gar Gor Ha Hal Har Ja Jen Ka Kel Kor La Lan Lin Ma ' +
  'Mar Mil Mon Na Nor O Or Pa Pe Por Ra Ren Ro Sa San Shel Ste Sul Ta Tor Val Ver Wal Wes Win Ya Za'
).split(' ');
const middles = 'ba be che da de di do ga la le li lo ma mi na ne no ra re ri ro sa shi ta te ti va vi'.split(' ');
const endings =
  ' berg da dez ford ga ham kin land ley lo man na nov ras ric rra sen ski son ston ta tt va well wicz'.split(' ');

/**
 * Three in five have one of eighty common last names, the others one of some 40,000: typed beginnings then match anything
 * from nobody to thousands, as they do in a real local.
 */
export function madeUpName(random: Random): { firstName: string; lastName: string } {
  const isCommon = random.next() < 0.6;
  const lastName = isCommon
    ? random.pick(commonLastNames)
    : random.pick(beginnings) + random.pick(middles) + random.pick(endings);
  return { firstName: random.pick(firstNames), lastName };
}
