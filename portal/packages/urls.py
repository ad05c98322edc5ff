from django.urls import path

from portal.packages import changes, views

app_name = "packages"
urlpatterns = [
    path("", views.packages, name="list"),
    path("new/<str:company>/", views.new, name="new"),
    path("<str:guid>/", views.package, name="detail"),
    path("<str:guid>/do/<str:operation>/", changes.do, name="do"),
    path("<str:guid>/delete/", changes.delete, name="delete"),
    path("<str:guid>/refresh/", views.refresh, name="refresh"),
]
