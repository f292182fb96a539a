import { Type } from 'class-transformer';
import { IsDefined, IsObject, ValidateNested } from 'class-validator';
import { IfSent } from '../fields/field-rule';
import { IsExpiry } from '../fields/time-field.dto';
import { IsDescription, IsSecretName, IsSecretValue, IsTags } from './secret-field.dto';

class NewSecretFields {
  @IsSecretName()
  name!: string;

  @IsSecretValue()
  value!: string;

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

/** Body of `POST /secrets`. */
export class CreateSecretBody {
  @IsDefined({ message: 'is missing: wrap the fields as {"secret": {…}}' })
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => NewSecretFields)
  secret!: NewSecretFields;
}
