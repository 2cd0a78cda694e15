/** What is a member's and may be read by the member, by its table, in the words of the member's access log. */
export const memberRecords: Readonly<Record<string, string>> = {
  members: 'the record',
  member_employments: 'an employment of yours',
  students: 'your student record',
  benevolence_applications: 'a benevolence application of yours',
  grievances: 'a grievance of yours',
  grievance_step_records: 'a step of a grievance of yours',
  file_attachments: 'a file of yours',
};

/** The function of the database that finds them, with the time from and to which each was the member's. */
export const memberRecordsFunction = 'member_records';
