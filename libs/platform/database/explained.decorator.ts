interface Words {
  /** The property of the entity that a person would change. */
  property: string;
  message: string;
}

const words = new Map<string, Words>();

/**
 * Says what a constraint or a unique index of an entity means to the person whose row breaks it, at the property that they
 * would change. Two of one entity stand in two decorators.
 */
export function Explained(constraint: string, property: string, message: string): ClassDecorator {
  return () => void words.set(constraint, { property, message });
}

export const explanationOf = (constraint: string | undefined): Words | undefined => words.get(constraint ?? '');
