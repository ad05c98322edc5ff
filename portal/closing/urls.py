from django.urls import path

from portal.closing import adjusting, files, views

app_name = "months"
urlpatterns = [
    path("", views.months, name="list"),
    path("<str:guid>/<str:month>/", views.month, name="detail"),
    path("<str:guid>/<str:month>/close/", views.close, name="close"),
    path("<str:guid>/<str:month>/correct/", adjusting.adjust, name="adjust"),
    path("<str:guid>/<str:month>/workbook/", files.workbook, name="workbook"),
    path("<str:guid>/<str:month>/<str:company>/", files.statement, name="statement"),
    path("<str:guid>/<str:month>/<str:company>/<str:form>/", files.statement_file, name="statement_file"),
]
