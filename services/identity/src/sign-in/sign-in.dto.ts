import { TextField } from '@weir/http'
import { emailField, nameField, passwordField } from '../user/user.dto.js'

export class SetupDto {
  @TextField({ description: 'The one-time token that identity prints at its first start.', maxLength: 100 })
  token: string

  @TextField(emailField)
  email: string

  @TextField(nameField)
  name: string

  @TextField(passwordField)
  password: string
}

export class SignInDto {
  @TextField({ ...emailField, description: 'E-mail address.' })
  email: string

  @TextField({ description: 'Password.', maxLength: 200 })
  password: string
}
