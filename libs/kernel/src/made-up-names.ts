/** Names for synthetic people, with letters and marks beyond ASCII among them. Nobody real. */
export const FIRST_NAMES =
  'Rosa James Aisha Tomás Grace Wei Maria Dennis Olga Samuel Nadia Frank José Ingrid Kofi Linda'.split(' ');
export const LAST_NAMES =
  'Delgado Smith Okafor Nuñez Kowalski Chen O’Brien Garcia Johnson Petrov Haddad Miller Nguyen Larsen Mensah'.split(
    ' ',
  );
