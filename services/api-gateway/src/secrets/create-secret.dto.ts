import { Type } from 'class-transformer';
import { IsDefined, IsObject, ValidateIf, ValidateNested } from 'class-validator';
import { IsDescription, IsExpiry, IsSecretName, IsSecretValue, IsTags } from './secret-field.dto';

const sent = (value: unknown) => value !== undefined;

class NewSecretFields {
  @IsSecretName()
  name!: string;

  @IsSecretValue()
  value!: string;

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

/** Body of `POST /secrets`. */
export class CreateSecretBody {
  @IsDefined({ message: 'is missing: wrap the fields as {"secret": {…}}' })
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => NewSecretFields)
  secret!: NewSecretFields;
}
