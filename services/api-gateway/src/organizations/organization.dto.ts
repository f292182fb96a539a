import { About, fieldRule, IfSent } from '../fields/field-rule';
import { IsLabel } from '../fields/label-field.dto';

const RECOVERY_DAYS_MAX = 365;

const IsRecoveryDays = () =>
  fieldRule({
    name: 'recoveryDays',
    message: `must be null or a whole number from 0 to ${RECOVERY_DAYS_MAX}`,
    schema: { type: ['integer', 'null'], minimum: 0, maximum: RECOVERY_DAYS_MAX },
    validate: (value) =>
      value === null ||
      (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= RECOVERY_DAYS_MAX),
  });

/** Body of `POST /organizations`. */
export class CreateOrganizationBody {
  @IsLabel()
  name!: string;
}

/** Body of `PUT /organizations/:id`. A field that is not sent stays as it is. */
export class ChangeOrganizationBody {
  @IfSent()
  @IsLabel()
  name?: string;

  @About('How long a deleted secret keeps its keys. Null: as long as the operator has set.')
  @IfSent()
  @IsRecoveryDays()
  recovery_days?: number | null;
}
