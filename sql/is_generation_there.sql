SELECT EXISTS (
    SELECT FROM user_recommendation WHERE expires_at = %(expires_at)s AND generated_at = %(generated_at)s
)
