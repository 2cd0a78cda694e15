import type { INestApplicationContext } from '@nestjs/common';
import { BenevolenceApplicationsService } from '#benevolence';
import { employments } from '#employments';
import { GrievancesService } from '#grievances';
import { seedDemoMembers } from '#members';
import { contacts, organizations } from '#organizations';
import type { RequestContext } from '#platform/context';
import { Records, type Resource } from '#records';
import { activities } from '#salting';
import { students } from '#students';

const employerNames = [
  'Harbor Electric',
  'Summit Power & Light',
  'Mill Street Wiring',
  'Cascade Controls',
  'Union Avenue Electric',
  'Bright Line Contractors',
];
const day = (year: number, index: number) => `${year}-${String((index % 12) + 1).padStart(2, '0')}-15`;

/** A small synthetic local, each record with its entry; nobody in it is real. Returns the id of its first member. */
export async function seedDemoLocal(context: RequestContext, app: INestApplicationContext): Promise<number> {
  const records = app.get(Records);
  const create = async (resource: Resource, record: object) => {
    const { createdId } = await records.create(context, resource, record);
    return createdId as number;
  };
  const members = await seedDemoMembers(context, records);
  const employers: number[] = [];
  for (const [index, name] of employerNames.entries()) {
    const email = `office@${name.toLowerCase().replace(/[^a-z]+/g, '-')}.example`;
    const place = { address: `${index + 1} Dock Road`, city: 'Springfield', state: 'WA', zipCode: '98001' };
    const id = await create(organizations, {
      name,
      orgType: 'employer',
      email,
      ...place,
      saltingScore: (index % 5) + 1,
    });
    await create(contacts, {
      organizationId: id,
      firstName: 'Dana',
      lastName: 'Reyes',
      title: 'Payroll',
      isPrimary: true,
    });
    await create(contacts, {
      organizationId: id,
      firstName: 'Lee',
      lastName: 'Park',
      title: 'Foreman',
      isPrimary: false,
    });
    employers.push(id);
  }
  await create(organizations, {
    name: 'Springfield Electrical JATC',
    orgType: 'jatc',
    city: 'Springfield',
    state: 'WA',
  });
  const employer = (index: number) => employers[index % employers.length] as number;
  for (const [index, memberId] of members.entries()) {
    const past = { startDate: day(2015 + (index % 5), index), endDate: day(2021, index), isCurrent: false };
    await create(employments, { memberId, organizationId: employer(index), ...past, hourlyRate: '41.50' });
    if (index % 4 === 3) continue;
    const current = { startDate: day(2022, index), isCurrent: true, jobTitle: 'Wireman', hourlyRate: '52.75' };
    await create(employments, { memberId, organizationId: employer(index + 1), ...current });
  }
  for (const memberId of members.slice(10, 30)) {
    await create(students, { memberId, applicationDate: '2025-11-03', status: 'enrolled', cohort: '2026-Spring' });
  }
  const [first, second, third] = members as [number, number, number];
  await create(activities, {
    memberId: second,
    organizationId: employer(2),
    activityType: 'site_visit',
    activityDate: '2026-04-17',
    workersContacted: 12,
    cardsSigned: 3,
  });
  const grievances = app.get(GrievancesService);
  await grievances.create(context, {
    memberId: first,
    employerId: employer(0),
    filedDate: '2026-05-04',
    incidentDate: '2026-04-28',
    contractArticle: 'Art. 12.3',
    violationDescription: 'Overtime was not offered by seniority.',
  });
  await app.get(BenevolenceApplicationsService).create(context, {
    memberId: third,
    applicationDate: '2026-02-02',
    reason: 'medical',
    amountRequested: '1500.00',
    description: 'Surgery; out of work for six weeks.',
  });
  return first;
}
