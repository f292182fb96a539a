import { Type } from 'class-transformer';
import { IsDefined, IsObject, ValidateIf, ValidateNested } from 'class-validator';
import { IsDescription, IsExpiry, IsSecretName, IsSecretValue, IsTags } from './secret-field.dto';

const sent = (value: unknown) => value !== undefined;

class ChangedSecretFields {
  @ValidateIf((_, value) => sent(value))
  @IsSecretName()
  name?: string;

  @ValidateIf((_, value) => sent(value))
  @IsSecretValue()
  value?: string;

  @ValidateIf((_, value) => sent(value))
  @IsDescription()
  description?: string | null;

  @ValidateIf((_, value) => sent(value))
  @IsTags()
  tags?: string[] | null;

  @ValidateIf((_, value) => sent(value))
  @IsExpiry()
  expires_at?: string | null;
}

/** Body of `PUT /secrets/:id`: what is sent changes, nothing else. */
export class UpdateSecretBody {
  @IsDefined({ message: 'is missing: wrap the fields as {"secret": {…}}' })
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => ChangedSecretFields)
  secret!: ChangedSecretFields;
}
