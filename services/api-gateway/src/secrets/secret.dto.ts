import { Type } from 'class-transformer';
import { IsDefined, IsObject, ValidateNested } from 'class-validator';
import { IfSent } from '../fields/field-rule';
import { IsExpiry } from '../fields/time-field.dto';
import { IsDescription, IsSecretName, IsSecretValue, IsTags } from './secret-field.dto';

class SecretFields {
  @IfSent()
  @IsDescription()
  description?: string | null;

  @IfSent()
  @IsTags()
  tags?: string[] | null;

  @IfSent()
  @IsExpiry()
  expires_at?: string | null;
}

class NewSecretFields extends SecretFields {
  @IsSecretName()
  name!: string;

  @IsSecretValue()
  value!: string;
}

class ChangedSecretFields extends SecretFields {
  @IfSent()
  @IsSecretName()
  name?: string;

  @IfSent()
  @IsSecretValue()
  value?: string;
}

/** Body of `POST /secrets`. */
export class CreateSecretBody {
  @IsDefined({ message: 'is missing: wrap the fields as {"secret": {…}}' })
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => NewSecretFields)
  secret!: NewSecretFields;
}

/** Body of `PUT /secrets/:id`. A field that is not sent stays as it is. */
export class UpdateSecretBody {
  @IsDefined({ message: 'is missing: wrap the fields as {"secret": {…}}' })
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => ChangedSecretFields)
  secret!: ChangedSecretFields;
}
