select * from (values
  (1, 'Ada')
) as t(id, index)
